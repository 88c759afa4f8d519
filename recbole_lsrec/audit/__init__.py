"""Is a log fit for long- and short-term models? One page of measurements, a verdict, and a session threshold."""
