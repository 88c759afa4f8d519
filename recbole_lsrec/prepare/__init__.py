"""Raw logs become atomic files: exact ids and times, every row accounted for, out of core."""
