"""The few names that Ray moved between 2.6 and today's; everything else in this package is the same for both."""

from ray import tune

try:
    from ray.tune import FailureConfig, RunConfig
except ImportError:  # Ray 2.6
    from ray.air import FailureConfig, RunConfig, session

    report, trial_id = session.report, session.get_trial_id
else:
    report = tune.report

    def trial_id() -> str:
        """Returns the id of the trial that this process runs."""
        return tune.get_context().get_trial_id()


__all__ = ["FailureConfig", "RunConfig", "report", "trial_id"]
