"""Scripts that run inside an engine's own process. They import the engine and the standard library, nothing of ours."""
