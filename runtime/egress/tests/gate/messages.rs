//! What of a message goes out and comes in.

use wasmill_egress::{EgressError, HeaderText, Limits, Request};

use crate::world::{Server, ok, read_head};
use crate::{egress, get, granting, send, with_header};

#[tokio::test]
async fn headers_of_the_connection_are_refused_by_name() {
    let server = Server::http(|_| ok("hello")).await;
    let (egress, list) = (egress(Limits::default()), granting(&server));
    for name in [
        "Host",
        "Connection",
        "keep-alive",
        "Proxy-Authorization",
        "proxy-anything",
        "TE",
        "trailer",
        "Transfer-Encoding",
        "upgrade",
        "http2-settings",
        "expect",
    ] {
        let request = Request { headers: with_header(name, "x"), ..get(server.url("/")) };
        match send(&egress, &list, request).await {
            Err(EgressError::Invalid { reason }) => {
                assert!(reason.contains(&name.to_ascii_lowercase()), "{reason}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_true_content_length_is_taken_and_a_false_one_is_refused() {
    let server = Server::http(|request| {
        let lengths: Vec<_> = request.headers().get_all("content-length").iter().collect();
        ok(format!("{lengths:?}"))
    })
    .await;
    let (egress, list) = (egress(Limits::default()), granting(&server));
    let post = |length: &str| Request {
        method: "POST".into(),
        headers: with_header("content-length", length),
        body: "12345".into(),
        ..get(server.url("/"))
    };
    assert_eq!(send(&egress, &list, post("5")).await.unwrap().body, "[\"5\"]");
    for length in ["4", "6", "05", "5, 5", ""] {
        let result = send(&egress, &list, post(length)).await;
        assert!(matches!(result, Err(EgressError::Invalid { .. })), "{length}: {result:?}");
    }
}

#[tokio::test]
async fn nothing_can_be_smuggled_into_a_request() {
    let server = Server::http(|_| ok("hello")).await;
    let (egress, list) = (egress(Limits::default()), granting(&server));
    let fields = [
        ("a", "b\r\nhost: evil"),
        ("a", "b\0"),
        ("a", "b\n c"),
        ("a b", "c"),
        ("a\r\nb", "c"),
        ("", "c"),
        (":path", "/"),
    ];
    for (name, text) in fields {
        let request = Request { headers: with_header(name, text), ..get(server.url("/")) };
        let result = send(&egress, &list, request).await;
        assert!(matches!(result, Err(EgressError::Invalid { .. })), "{name:?} {text:?}: {result:?}");
    }
    for method in ["get", "CONNECT", "TRACE", "GET / HTTP/1.1\r\n\r\nGET", ""] {
        let request = Request { method: method.into(), ..get(server.url("/")) };
        let result = send(&egress, &list, request).await;
        assert!(matches!(result, Err(EgressError::Invalid { .. })), "{method:?}: {result:?}");
    }
    for path in ["/ HTTP/1.1\r\nx: y", "/a b", "/\u{0}", "\\@evil/"] {
        let result = send(&egress, &list, get(server.url(path))).await;
        assert!(matches!(result, Err(EgressError::Invalid { .. })), "{path:?}: {result:?}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_response_shows_no_header_of_the_connection() {
    let server = Server::saying(
        "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n\
         Proxy-Authenticate: Basic\r\nUpgrade: h2c\r\nX-Kept: a\r\nX-Kept: b\r\nContent-Length: 2\r\n\r\nhi",
    )
    .await;
    let response = send(&egress(Limits::default()), &granting(&server), get(server.url("/"))).await.unwrap();
    let shown: Vec<_> = response
        .headers
        .iter()
        .map(|(name, text)| format!("{name}: {}", String::from_utf8_lossy(text)))
        .collect();
    assert_eq!(shown, ["x-kept: a", "x-kept: b", "content-length: 2"]);
    assert_eq!(response.body, "hi");
}

#[tokio::test]
async fn a_change_of_protocol_is_refused() {
    let server =
        Server::saying("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n").await;
    let result = send(&egress(Limits::default()), &granting(&server), get(server.url("/"))).await;
    assert!(matches!(result, Err(EgressError::Failed { .. })), "{result:?}");
}

#[tokio::test]
async fn secrets_stand_in_no_error_and_no_debug() {
    const SECRET: &str = "s3cr3t";
    let server = Server::raw(|mut stream| async move {
        read_head(&mut stream).await;
    })
    .await;
    let (egress, list) = (egress(Limits::default()), granting(&server));
    let base = Request {
        headers: vec![("authorization".into(), HeaderText::secret(SECRET))],
        body: SECRET.into(),
        method: "POST".into(),
        ..get(server.url(&format!("/?token={SECRET}")))
    };
    let broken = HeaderText::secret(format!("{SECRET}\n"));
    let requests = [
        base.clone(),
        Request { url: format!("http://127.0.0.1:1/?token={SECRET}"), ..base.clone() },
        Request { url: format!("http://user:{SECRET}@{}/", server.address), ..base.clone() },
        Request { url: format!("http://{}/?token={SECRET} ", server.address), ..base.clone() },
        Request { headers: vec![("authorization".into(), broken)], ..base.clone() },
        Request { headers: vec![("te".into(), HeaderText::secret(SECRET))], ..base },
    ];
    for request in requests {
        let debug = format!("{request:?} {:?}", request.headers);
        let error = send(&egress, &list, request).await.unwrap_err();
        for text in [debug, error.to_string(), format!("{error:?}")] {
            assert!(!text.contains(SECRET), "{text}");
        }
    }
}
