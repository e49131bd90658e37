//! The fake GitHub on a unix socket, for clients that can be told of one (`gh config set http_unix_socket`).

use std::{
    fs, io,
    os::unix::{fs::FileTypeExt as _, net::UnixStream},
    path::{Path, PathBuf},
};

use tokio::net::UnixListener;

/// Why a socket could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Something else has the name, and might be somebody's work.
    #[error("{path} exists and is not a socket")]
    NotASocket {
        /// The path.
        path: PathBuf,
    },
    /// Another process answers there.
    #[error("something already listens on {path}")]
    InUse {
        /// The path.
        path: PathBuf,
    },
    /// The system's reason.
    #[error("failed to listen on {path}: {source}")]
    Listen {
        /// The path.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

/// The socket's file, removed when this is dropped.
#[derive(Debug)]
pub(super) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Whoever removed it before us did what we are about to do.
        let _ = fs::remove_file(&self.0);
    }
}

/// Listens on `path`. A socket that a killed process left behind is replaced, anything else is refused.
pub(super) fn listen(path: &Path) -> Result<(UnixListener, SocketFile), SocketError> {
    let failed = |source| SocketError::Listen {
        path: path.to_owned(),
        source,
    };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(SocketError::NotASocket {
                path: path.to_owned(),
            });
        }
        Ok(_) if UnixStream::connect(path).is_ok() => {
            return Err(SocketError::InUse {
                path: path.to_owned(),
            });
        }
        Ok(_) => fs::remove_file(path).map_err(failed)?,
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    Ok((listener, SocketFile(path.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn refuses_to_replace_what_is_not_a_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        fs::write(&path, "somebody's notes").unwrap();
        let refused = listen(&path).unwrap_err();
        assert!(matches!(refused, SocketError::NotASocket { .. }));
        assert_eq!(fs::read_to_string(&path).unwrap(), "somebody's notes");
    }

    #[tokio::test]
    async fn refuses_a_socket_on_which_somebody_listens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("github.sock");
        let _listening = listen(&path).unwrap();
        assert!(matches!(
            listen(&path).unwrap_err(),
            SocketError::InUse { .. }
        ));
    }

    #[tokio::test]
    async fn replaces_a_socket_left_behind_and_removes_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("github.sock");
        // Dropping a listener closes it and leaves the file, as a killed process does.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let listening = listen(&path).unwrap();
        assert!(UnixStream::connect(&path).is_ok());
        drop(listening);
        assert!(!path.exists());
    }
}
