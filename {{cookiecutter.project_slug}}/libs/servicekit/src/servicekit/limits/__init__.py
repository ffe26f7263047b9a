"""Rate limits per tenant."""
