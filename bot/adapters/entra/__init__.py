"""The authority: sign-ins through MSAL, ID tokens validated by ourselves."""
