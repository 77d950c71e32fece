"""The trading rules' vocabulary: pure models and functions over the standard library and pydantic."""
