"""What a recipe means, in words: its sheet, its equations, its differences from another, and the
weights that make one recipe's terms out of another's."""
