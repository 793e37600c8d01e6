"""The drop folder: what stands in it, what changed, and the archive that keeps every version of it."""
