//! Computes a value once for each key, however many callers wait for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

/// The values of one run, by key.
#[derive(Debug)]
pub struct Memo<K, V>(Mutex<BTreeMap<K, Arc<OnceCell<V>>>>);

impl<K: Ord, V: Clone> Memo<K, V> {
    /// The value of `key`: `compute`d by the first caller, awaited by the others.
    pub async fn get<F: Future<Output = V>>(&self, key: K, compute: impl FnOnce() -> F) -> V {
        let cell = Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
        cell.get_or_init(compute).await.clone()
    }
}

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}
