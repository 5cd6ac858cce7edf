"""The wheel and the source distribution, installed and used away from the checkout."""
