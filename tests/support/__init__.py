"""What the tests from outside share: databases that are connected to a sandbox, and workers that can be killed."""
