"""Variables: values that live in the kernel, and what is computed from them."""
