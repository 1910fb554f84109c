"""What our own executions cost, split by cause, and the slippage model that they support."""
