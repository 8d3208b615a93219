//! The door at which `cargo lambda invoke` knocks when it is not told where:
//! port 9000 of IPv6's localhost. It leads to the API's port.

use std::net::Ipv6Addr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// Opens the door; None when that port is taken, off (0), or there is no IPv6:
/// then the address has to be given.
pub(super) async fn open(port: u16, leads_to: u16) -> Option<impl Future<Output = ()>> {
    if port == 0 || port == leads_to {
        return None;
    }
    let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok()?;
    Some(async move {
        while let Ok((mut visitor, _)) = listener.accept().await {
            tokio::spawn(async move {
                if let Ok(mut api) = TcpStream::connect(("127.0.0.1", leads_to)).await {
                    // Either side may hang up at any time.
                    let _ = copy_bidirectional(&mut visitor, &mut api).await;
                }
            });
        }
    })
}
