//! The simulator over real sockets, seen by the clients the function is made of.

mod aws;
mod clients;
mod dns;
mod faults;
mod program;
mod runtime;
mod traffic;
