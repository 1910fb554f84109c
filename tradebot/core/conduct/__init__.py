"""What the engine does beside deciding a minute. Each module is functions of the state that answer with commands."""
