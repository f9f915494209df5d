#include "http/stream.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace moat::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

void close_socket(tcp::socket& socket) {
    boost::system::error_code ignored;  // it is going away whatever happens
    socket.shutdown(tcp::socket::shutdown_both, ignored);
    socket.close(ignored);
}

class PlainStream final : public Stream {
  public:
    explicit PlainStream(tcp::socket socket) : socket_(std::move(socket)) {}

    asio::awaitable<bool> handshake() override { co_return true; }
    asio::awaitable<std::size_t> read_some(std::span<char> buffer) override {
        const auto into = asio::buffer(buffer.data(), buffer.size());
        const auto [error, count] = co_await socket_.async_read_some(into, kAwait);
        co_return error ? 0 : count;
    }
    asio::awaitable<std::size_t> write_some(std::string_view bytes) override {
        const auto from = asio::buffer(bytes.data(), bytes.size());
        const auto [error, count] = co_await socket_.async_write_some(from, kAwait);
        co_return error ? 0 : count;
    }
    asio::awaitable<void> end_writing() override {
        boost::system::error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_send, ignored);
        co_return;
    }
    void close() override { close_socket(socket_); }

  private:
    tcp::socket socket_;
};

class TlsStream final : public Stream {
  public:
    TlsStream(tcp::socket socket, asio::ssl::context& context)
        : stream_(std::move(socket), context) {}

    asio::awaitable<bool> handshake() override {
        const auto [error] =
            co_await stream_.async_handshake(asio::ssl::stream_base::server, kAwait);
        co_return !error;
    }
    asio::awaitable<std::size_t> read_some(std::span<char> buffer) override {
        const auto into = asio::buffer(buffer.data(), buffer.size());
        const auto [error, count] = co_await stream_.async_read_some(into, kAwait);
        co_return error ? 0 : count;
    }
    asio::awaitable<std::size_t> write_some(std::string_view bytes) override {
        const auto from = asio::buffer(bytes.data(), bytes.size());
        const auto [error, count] = co_await stream_.async_write_some(from, kAwait);
        co_return error ? 0 : count;
    }
    asio::awaitable<void> end_writing() override {
        // Sends close_notify and waits for the client's; the connection's deadline bounds it.
        (void)co_await stream_.async_shutdown(kAwait);  // an error is an end as well
    }
    void close() override { close_socket(stream_.next_layer()); }

  private:
    asio::ssl::stream<tcp::socket> stream_;
};

}  // namespace

std::unique_ptr<Stream> make_plain_stream(tcp::socket socket) {
    return std::make_unique<PlainStream>(std::move(socket));
}

std::unique_ptr<Stream> make_tls_stream(tcp::socket socket, asio::ssl::context& context) {
    return std::make_unique<TlsStream>(std::move(socket), context);
}

}  // namespace moat::http
