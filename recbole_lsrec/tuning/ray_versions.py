"""The few names that Ray moved between 2.6 and today's; everything else in this package is the same for both."""

from typing import Any

from ray import tune

_tune: Any = tune
FailureConfig: Any
RunConfig: Any

if hasattr(_tune, "RunConfig"):
    FailureConfig, RunConfig, report = _tune.FailureConfig, _tune.RunConfig, _tune.report
else:  # Ray 2.6
    from ray import air
    from ray.air import session

    FailureConfig, RunConfig, report = air.FailureConfig, air.RunConfig, session.report


def trial_id() -> str:
    """Returns the id of the trial that this process runs."""
    return _tune.get_context().get_trial_id() if hasattr(_tune, "RunConfig") else session.get_trial_id()
