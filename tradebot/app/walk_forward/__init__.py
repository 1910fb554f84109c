"""Walk-forward with retraining: `run` is the command, `fold` one step of it, `folder` what stays on disk, `workers` where it runs."""
