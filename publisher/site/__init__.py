"""What the site consists of: the order of its files, writing them, its manifest."""
