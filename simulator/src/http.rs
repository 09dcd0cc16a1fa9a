//! Serves HTTP/1.1 on loopback for the rest of the crate; knows no protocol.
//!
//! A handler answers whole requests with whole responses, and can have the
//! connection reset or a body cut off instead.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// A request with its body.
pub(crate) type Request = http::Request<Bytes>;

/// A response with its body.
pub(crate) type Response = http::Response<Payload>;

/// What a handler may return instead of a response: the connection is reset.
#[derive(Debug)]
pub(crate) struct Reset;

/// A task that ends with its owner.
#[derive(Debug)]
pub(crate) struct Task(JoinHandle<()>);

impl Task {
    /// Runs `work` until it ends or its owner does.
    pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Listens on a loopback port; 0 for any.
pub(crate) async fn listen(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves every connection to `listener` until its owner ends.
pub(crate) fn serve<H, F>(listener: TcpListener, tls: Option<TlsAcceptor>, handler: H) -> Task
where
    H: Fn(Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response, Reset>> + Send,
{
    Task::spawn(async move {
        // The set ends with this task, and every connection with the set.
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, handler) = (tls.clone(), handler.clone());
            connections.spawn(async move {
                // Answers are small and clients wait for them.
                let _ = stream.set_nodelay(true);
                let reset = Arc::new(AtomicBool::new(false));
                let wire = Wire { stream, reset: Arc::clone(&reset) };
                // A client that disconnects, or does not trust us, is not an error.
                let _ = match tls {
                    None => converse(wire, &reset, handler).await,
                    Some(tls) => match tls.accept(wire).await {
                        Ok(stream) => converse(stream, &reset, handler).await,
                        Err(_) => Ok(()),
                    },
                };
            });
            while connections.try_join_next().is_some() {}
        }
    })
}

/// Answers the requests of one connection.
async fn converse<S, H, F>(stream: S, reset: &AtomicBool, handler: H) -> Result<(), hyper::Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Fn(Request) -> F,
    F: Future<Output = Result<Response, Reset>>,
{
    let answer = |request: http::Request<Incoming>| async {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let request = Request::from_parts(head, body);
        handler(request).await.map_err(|Reset| {
            reset.store(true, Ordering::Relaxed);
            io::Error::from(io::ErrorKind::ConnectionReset)
        })
    };
    http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .await
}

/// A response's body: all of `data`, or the part before the connection is cut.
#[derive(Debug)]
pub(crate) struct Payload {
    data: Option<Bytes>,
    cut: Cut,
}

/// How far a body is from being cut off.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Never,
    /// The body is cut once the data before it is flushed.
    Soon,
    Now,
}

impl Payload {
    /// All of `data`.
    pub(crate) fn whole(data: Bytes) -> Self {
        Self { data: Some(data), cut: Cut::Never }
    }

    /// `data` and then the end of the connection.
    pub(crate) fn cut_off(data: Bytes) -> Self {
        Self { data: Some(data), cut: Cut::Soon }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match self.cut {
            Cut::Never => Poll::Ready(None),
            Cut::Soon => {
                // hyper flushes while the body has nothing, not when it fails.
                self.cut = Cut::Now;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Cut::Now => Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.data, self.cut) {
            (Some(data), Cut::Never) => SizeHint::with_exact(data.len() as u64),
            _ => SizeHint::default(),
        }
    }
}

/// A connection that can end with a reset.
struct Wire {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.load(Ordering::Relaxed) {
            // A shutdown would close the connection in order.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
