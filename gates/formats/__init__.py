"""Readers of formats that many tools write: pure, from a gate's raw output to findings. What the `external` gate is made of."""
