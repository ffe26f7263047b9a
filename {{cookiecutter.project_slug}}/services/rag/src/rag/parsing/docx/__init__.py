"""Word files (DOCX): a guarded look into the archive and a streaming reader of its XML."""
