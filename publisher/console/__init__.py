"""What staff see: the page in the drop folder, and the preview on this machine."""
