"""Keep every file that was made, by content, on this disk or in a bucket, and publish files for people."""

from clash.assets.published import is_copy, publish_copy, published_path
from clash.assets.shared import local_assets, open_assets
from clash.assets.store import AssetStore, sha256_of

__all__ = ["AssetStore", "is_copy", "local_assets", "open_assets", "publish_copy", "published_path", "sha256_of"]
