"""Large objects behind one port: a folder, Amazon S3, Google Cloud Storage, or memory. See `ports.ObjectStorage`."""

from servicekit.storage.factory import make_storage
from servicekit.storage.ports import Content, InvalidKey, ObjectNotFound, ObjectStorage, StoredObject

__all__ = ["Content", "InvalidKey", "ObjectNotFound", "ObjectStorage", "StoredObject", "make_storage"]
