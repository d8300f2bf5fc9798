from . import test_example_provider
