#include "http/server.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <set>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "http/connection.h"
#include "http/tls.h"

namespace moat::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::milliseconds;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

Result<tcp::acceptor> listen_on(asio::io_context& io, const tcp::endpoint& endpoint) {
    tcp::acceptor acceptor(io);
    boost::system::error_code error;
    // Each returns at once after an error.
    if (!acceptor.open(endpoint.protocol(), error) &&
        !acceptor.set_option(tcp::acceptor::reuse_address(true), error) &&
        !acceptor.bind(endpoint, error) && !acceptor.listen(4096, error))
        return acceptor;
    const auto text = fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
    if (error == asio::error::address_in_use)
        return Error{ErrorCode::io, fmt::format("{} is in use by another program", text)};
    return Error{ErrorCode::io, fmt::format("cannot listen on {}: {}", text, error.message())};
}

}  // namespace

class Server::Impl {
  public:
    Impl(const Router& router, access::Authenticator& authenticator, ServerSettings settings)
        : limits_(settings.limits),
          admission_(router, authenticator, std::move(settings.admission)),
          sweep_timer_(io_),
          workers_(std::make_unique<WorkerPool>(limits_.max_workers)),
          cancellers_(std::make_unique<WorkerPool>(2)),
          context_{
              .executor = io_.get_executor(),
              .admission = admission_,
              .limits = limits_,
              .workers = *workers_,
              .cancellers = *cancellers_,
              .spawn = [this](asio::awaitable<void> task) { spawn(std::move(task)); }
          } {}

    Status open(const ServerSettings& settings);
    void stop(milliseconds grace);
    const std::vector<HostPort>& addresses() const { return addresses_; }

  private:
    void spawn(asio::awaitable<void> task);
    asio::awaitable<void> accept_loop(std::size_t index);
    asio::awaitable<void> sweep_loop();
    asio::awaitable<void> serve(std::shared_ptr<Connection> connection);
    void welcome(tcp::socket socket);
    template <class Work>
    void for_each_connection(Work work);
    bool wait_until_idle(milliseconds time);

    const ServerLimits limits_;
    const Admission admission_;
    std::vector<HostPort> addresses_;          // constant after open()
    std::unique_ptr<asio::ssl::context> tls_;  // constant after open()

    asio::io_context io_{1};
    // From here to context_: the I/O thread's.
    std::vector<tcp::acceptor> acceptors_;
    std::set<std::shared_ptr<Connection>> connections_;
    asio::steady_timer sweep_timer_;  // cancelled to wake sweep_loop()
    std::unique_ptr<WorkerPool> workers_;
    std::unique_ptr<WorkerPool> cancellers_;
    ConnectionContext context_;

    std::mutex mutex_;
    std::condition_variable ended_;
    int tasks_ = 0;         // coroutines alive; guarded by mutex_
    bool stopped_ = false;  // by stop(); its caller's
    std::thread thread_;
};

Status Server::Impl::open(const ServerSettings& settings) {
    if (settings.tls) {
        TRY_ASSIGN(tls_, make_tls_context(*settings.tls));
    }
    for (const HostPort& address : settings.listen) {
        tcp::resolver resolver(io_);
        boost::system::error_code error;
        const auto found = resolver.resolve(
            address.host, std::to_string(address.port), tcp::resolver::passive, error
        );
        if (error || found.empty())
            return Error{
                ErrorCode::invalid_argument,
                fmt::format("cannot listen on {}: {}", address.authority(), error.message())
            };
        TRY_ASSIGN(tcp::acceptor acceptor, listen_on(io_, found.begin()->endpoint()));
        HostPort bound = address;
        bound.scheme = tls_ ? "https" : "http";
        bound.port = acceptor.local_endpoint().port();
        addresses_.push_back(bound);
        acceptors_.push_back(std::move(acceptor));
    }
    for (std::size_t i = 0; i < acceptors_.size(); ++i)
        spawn(accept_loop(i));
    spawn(sweep_loop());
    thread_ = std::thread([this] { io_.run(); });
    return Ok{};
}

void Server::Impl::spawn(asio::awaitable<void> task) {
    {
        const std::lock_guard lock(mutex_);
        ++tasks_;
    }
    asio::co_spawn(io_, std::move(task), [this](const std::exception_ptr& failure) {
        if (failure) log::error("a connection ended by an exception");
        const std::lock_guard lock(mutex_);
        if (--tasks_ == 0) ended_.notify_all();
    });
}

asio::awaitable<void> Server::Impl::accept_loop(std::size_t index) {
    tcp::acceptor& acceptor = acceptors_[index];
    while (!context_.stopping) {
        auto [error, socket] = co_await acceptor.async_accept(kAwait);
        if (context_.stopping) break;
        if (!error) {
            welcome(std::move(socket));
            continue;
        }
        // Out of descriptors or memory: connections wait in the kernel until some are free.
        log::warning("accepting a connection failed: {}", error.message());
        asio::steady_timer pause(io_, std::chrono::milliseconds(100));
        co_await pause.async_wait(kAwait);
    }
}

void Server::Impl::welcome(tcp::socket socket) {
    boost::system::error_code error;
    const tcp::endpoint remote = socket.remote_endpoint(error);
    if (error) return;  // left already
    if (connections_.size() >= limits_.max_connections) {
        constexpr std::string_view kFull =
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\n"
            "Connection: close\r\n\r\n";
        socket.non_blocking(true, error);
        // Best effort: the close says it too.
        (void)socket.write_some(asio::buffer(kFull.data(), kFull.size()), error);
        return;
    }
    socket.set_option(tcp::no_delay(true), error);
    socket.set_option(asio::socket_base::keep_alive(true), error);
    auto stream =
        tls_ ? make_tls_stream(std::move(socket), *tls_) : make_plain_stream(std::move(socket));
    auto connection =
        std::make_shared<Connection>(std::move(stream), context_, remote.address().to_string());
    connections_.insert(connection);
    sweep_timer_.cancel();
    spawn(serve(std::move(connection)));
}

asio::awaitable<void> Server::Impl::serve(std::shared_ptr<Connection> connection) {
    // Out of memory, say: that ends this connection, not the others.
    try {
        co_await connection->run();
    } catch (const std::exception& failure) {
        log::error("a connection ended by an exception: {}", failure.what());
        connection->close();
    }
    connections_.erase(connection);
    if (context_.stopping) sweep_timer_.cancel();
}

// Deadlines are checked for all connections together: a timer for each would be set anew with
// every read and write.
asio::awaitable<void> Server::Impl::sweep_loop() {
    const auto shortest = std::min(
        {limits_.head, limits_.body_stall, limits_.write_stall, limits_.idle, limits_.linger}
    );
    const auto interval = std::clamp(shortest / 4, milliseconds(10), milliseconds(500));
    while (!context_.stopping || !connections_.empty()) {
        if (connections_.empty())
            sweep_timer_.expires_at(asio::steady_timer::time_point::max());
        else
            sweep_timer_.expires_after(interval);
        co_await sweep_timer_.async_wait(kAwait);
        const auto now = std::chrono::steady_clock::now();
        for (const auto& connection : connections_)
            connection->check_deadline(now);
    }
}

template <class Work>
void Server::Impl::for_each_connection(Work work) {
    asio::post(io_, [this, work] {
        for (const auto& connection : connections_)
            work(*connection);
    });
}

bool Server::Impl::wait_until_idle(milliseconds time) {
    std::unique_lock lock(mutex_);
    return ended_.wait_for(lock, time, [this] { return tasks_ == 0; });
}

void Server::Impl::stop(milliseconds grace) {
    if (std::exchange(stopped_, true)) return;
    if (thread_.joinable()) {
        asio::post(io_, [this] {
            context_.stopping = true;
            for (tcp::acceptor& acceptor : acceptors_) {
                boost::system::error_code ignored;
                acceptor.close(ignored);
            }
            sweep_timer_.cancel();
        });
        for_each_connection([](Connection& connection) { connection.wake(); });
        if (!wait_until_idle(grace)) {
            for_each_connection([](Connection& connection) { connection.stop_request(); });
            // Time for the last words: an error line of a stream, say.
            if (!wait_until_idle(milliseconds(1'000)))
                for_each_connection([](Connection& connection) {
                    connection.cancel_request();
                    connection.close();
                });
        }
        (void)wait_until_idle(milliseconds(10'000));  // only our own coroutines are left
    }
    io_.stop();
    if (thread_.joinable()) thread_.join();
    // Handlers may still run; their exchanges are cancelled, so they end soon.
    workers_.reset();
    cancellers_.reset();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Server>> Server::start(
    const Router& router, access::Authenticator& authenticator, const ServerSettings& settings
) {
    auto impl = std::make_unique<Impl>(router, authenticator, settings);
    if (Status opened = impl->open(settings); !opened) {
        impl->stop(milliseconds(0));
        return std::move(opened).error();
    }
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::~Server() {
    stop(milliseconds(0));
}

const std::vector<HostPort>& Server::addresses() const {
    return impl_->addresses();
}

void Server::stop(milliseconds grace) {
    impl_->stop(grace);
}

}  // namespace moat::http
