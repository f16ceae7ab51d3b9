"""These tests have no event loop, and do not depend on how busy the machine is."""

import hypothesis

hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")
