"""Whether a silent model met the limits that were written before its first answer."""
