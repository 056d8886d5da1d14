"""Microsoft Graph: reading with the reader's token, acting once with the approver's."""
