"""What is looked at in every log, raw or atomic: pure functions on arrays and bytes, which say what they found in words."""
