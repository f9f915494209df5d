#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace boost::asio::ssl {
class context;
}

namespace moat::http {

// The bytes of one connection, plain or under TLS. One read and one write may run side by side.
// Threads: the I/O thread. An error looks like the end: there is nothing else to do about it.
class Stream {
  public:
    virtual ~Stream() = default;

    virtual boost::asio::awaitable<bool> handshake() = 0;
    // The count read; 0 at the end.
    virtual boost::asio::awaitable<std::size_t> read_some(std::span<char> buffer) = 0;
    // The count written; 0 when the client is gone.
    virtual boost::asio::awaitable<std::size_t> write_some(std::string_view bytes) = 0;
    // Says that nothing more will come from us.
    virtual boost::asio::awaitable<void> end_writing() = 0;
    // Ends both directions at once; pending reads and writes return 0.
    virtual void close() = 0;
};

std::unique_ptr<Stream> make_plain_stream(boost::asio::ip::tcp::socket socket);
std::unique_ptr<Stream> make_tls_stream(
    boost::asio::ip::tcp::socket socket, boost::asio::ssl::context& context
);

}  // namespace moat::http
