"""A cart that sells nothing but tea."""

TEA = 450
