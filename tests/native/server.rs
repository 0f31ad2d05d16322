//! A server on loopback: one thread for each connection, and a script that reads and writes it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How long anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// The head of a request, as it came.
#[derive(Clone, Debug)]
pub struct Head {
    pub line: String,
    bytes: Vec<u8>,
}

impl Head {
    /// The value of the only header of this name, byte by byte.
    pub fn header(&self, name: &str) -> Option<Vec<u8>> {
        let prefix = format!("{name}: ").into_bytes();
        let mut values = self
            .bytes
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .filter(|line| {
                line.len() >= prefix.len() && line[..prefix.len()].eq_ignore_ascii_case(&prefix)
            })
            .map(|line| line[prefix.len()..].to_vec());
        let value = values.next();
        assert!(values.next().is_none(), "{name} is there twice");
        value
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.header(name)
            .map(|value| String::from_utf8(value).unwrap())
    }
}

/// A connection whose client is answered by hand.
pub struct Conversation {
    stream: TcpStream,
}

impl Conversation {
    /// Reads a request up to the end of its head; `None` if the client has left.
    pub fn head(&mut self) -> Option<Head> {
        let mut bytes = Vec::new();
        let mut byte = [0];
        while !bytes.ends_with(b"\r\n\r\n") {
            match self.stream.read(&mut byte) {
                Ok(1) => bytes.push(byte[0]),
                _ => return None,
            }
        }
        let line = bytes.split(|byte| *byte == b'\r').next().unwrap().to_vec();
        Some(Head {
            line: String::from_utf8(line).unwrap(),
            bytes,
        })
    }

    /// Reads so many bytes of a request's body, or as many as come.
    pub fn read(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = vec![0; size];
        let mut read = 0;
        while read < size {
            match self.stream.read(&mut bytes[read..]) {
                Ok(0) | Err(_) => break,
                Ok(more) => read += more,
            }
        }
        bytes.truncate(read);
        bytes
    }

    /// Writes what it is told. That the client has left is no failure of the server's.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref());
    }

    /// Answers with a body of known size.
    pub fn answer(&mut self, status: &str, headers: &str, body: &[u8]) {
        let size = body.len();
        self.write(format!(
            "HTTP/1.1 {status}\r\ncontent-length: {size}\r\n{headers}\r\n"
        ));
        self.write(body);
    }

    /// Whether the client leaves, sending nothing more.
    pub fn is_left(&mut self) -> bool {
        matches!(self.stream.read(&mut [0]), Ok(0) | Err(_))
    }
}

/// A server that ends with the test's process.
pub struct Server {
    pub url: String,
    told: Arc<Mutex<Receiver<Told>>>,
}

/// What a script tells the test.
#[derive(Debug)]
pub struct Told(pub String, pub Vec<u8>);

/// Where a script tells what it saw.
#[derive(Clone)]
pub struct Teller(Arc<Mutex<Sender<Told>>>);

impl Teller {
    pub fn tell(&self, what: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        let _ = self.0.lock().unwrap().send(Told(what.into(), bytes.into()));
    }
}

impl Server {
    /// A server that runs the script for each connection.
    pub fn start(script: impl Fn(&mut Conversation, &Teller) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (sender, told) = channel();
        let teller = Teller(Arc::new(Mutex::new(sender)));
        let script = Arc::new(script);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (script, teller) = (Arc::clone(&script), teller.clone());
                let stream = stream.unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                thread::spawn(move || script(&mut Conversation { stream }, &teller));
            }
        });
        Self {
            url,
            told: Arc::new(Mutex::new(told)),
        }
    }

    /// A server that answers every request, whatever it is, with these bytes, and closes.
    pub fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |conversation, _| {
            if conversation.head().is_some() {
                conversation.write(&bytes);
            }
        })
    }

    /// The next thing that a script has told.
    pub async fn told(&self) -> Told {
        let told = Arc::clone(&self.told);
        // Not in the runtime's thread, which has the client's connections to close.
        let next = move || told.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        tokio::task::spawn_blocking(next).await.unwrap()
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}
