"""What ``trainer`` trains with: an epoch in several processes, budgets, optimizers, and what a resume has to know."""
