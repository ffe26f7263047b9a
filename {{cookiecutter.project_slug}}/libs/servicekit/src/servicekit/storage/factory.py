"""Which store the settings name."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from obstore.store import GCSStore, LocalStore, MemoryStore, S3Store

from servicekit.settings import ServiceSettings, StorageSettings
from servicekit.storage.obstore import ObstoreStorage
from servicekit.storage.ports import ObjectStorage

if TYPE_CHECKING:
    from obstore.store import ClientConfig, GCSConfig, RetryConfig, S3Config

RETRIES: "RetryConfig" = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}


def make_storage(settings: ServiceSettings) -> ObjectStorage:
    """Return the store of `STORAGE__URL`: s3://, gs://, file://, memory://; empty means `data_dir/storage`."""
    url = settings.storage.url or (settings.data_dir / "storage").absolute().as_uri()
    parts = urlsplit(url)
    match parts.scheme:
        case "s3":
            return _make_s3(parts.netloc, parts.path, settings.storage)
        case "gs":
            return _make_gcs(parts.netloc, parts.path, settings.storage)
        case "file":
            return ObstoreStorage(LocalStore(Path(parts.path), mkdir=True, automatic_cleanup=False))
        case "memory":
            return ObstoreStorage(MemoryStore())
    raise ValueError(f"STORAGE__URL must begin with s3://, gs://, file:// or memory://, not {parts.scheme}://")


def _make_s3(bucket: str, path: str, settings: StorageSettings) -> ObjectStorage:
    config: S3Config = {}
    if settings.endpoint:
        config |= {"endpoint": settings.endpoint, "virtual_hosted_style_request": False}
    if settings.region:
        config["region"] = settings.region
    if settings.access_key_id and settings.secret_access_key:
        config["access_key_id"] = settings.access_key_id.get_secret_value()
        config["secret_access_key"] = settings.secret_access_key.get_secret_value()
    store = S3Store(bucket, prefix=_prefix(path), config=config, client_options=_client(settings), retry_config=RETRIES)
    return ObstoreStorage(store)


def _make_gcs(bucket: str, path: str, settings: StorageSettings) -> ObjectStorage:
    config: GCSConfig = {}
    if settings.endpoint:
        config["base_url"] = settings.endpoint
    if settings.secret_access_key:
        config["bearer_token"] = settings.secret_access_key.get_secret_value()
    if settings.service_account_file:
        config["service_account"] = str(settings.service_account_file)
    store = GCSStore(
        bucket, prefix=_prefix(path), config=config, client_options=_client(settings), retry_config=RETRIES
    )
    return ObstoreStorage(store)


def _client(settings: StorageSettings) -> "ClientConfig":
    """Bound the wait for each piece, not for the whole object: a large one may take long."""
    plain = bool(settings.endpoint and settings.endpoint.startswith("http://"))
    return {
        "allow_http": plain,
        "connect_timeout": timedelta(seconds=5),
        "read_timeout": timedelta(seconds=30),
        "timeout": timedelta(hours=6),
    }


def _prefix(path: str) -> str | None:
    return path.strip("/") or None
