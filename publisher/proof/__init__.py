"""Proof: signatures that say who published a site, and the comparison of a copy with what was signed."""
