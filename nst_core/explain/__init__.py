"""Explanations of recipes: the sheet of a recipe, its equations, its differences from another
recipe, and the weights with which one recipe has the same terms as another."""
