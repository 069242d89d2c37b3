"""What a run says by itself: one function per fact, None where the run does not hold it."""
