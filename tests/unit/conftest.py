from hypothesis import settings

settings.register_profile("argo", deadline=None, derandomize=True, print_blob=False)
settings.load_profile("argo")
