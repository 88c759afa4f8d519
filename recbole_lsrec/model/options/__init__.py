"""What the models let a user choose: one file a model, read without importing torch."""
