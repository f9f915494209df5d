#include "http/server.h"

#include <atomic>
#include <fstream>
#include <latch>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "base/fd.h"
#include "http/recorded_exchange.h"
#include "http/static_files.h"

namespace moat::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class AdminForKey final : public access::Authenticator {
  public:
    Principal authenticate(std::string_view key) override {
        if (key == "admin") return {.id = "key:1", .name = "root", .role = Role::admin};
        if (key == "user") return {.id = "key:2", .name = "bob", .role = Role::user};
        return {};
    }
    bool key_required() const override { return true; }
};

// A bare socket, so that tests decide about every byte.
class Client {
  public:
    explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected = ::connect(
                        socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)
                    ) == 0;
    }
    void send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    // Until `ending` has come, or the end, or ten seconds.
    std::string read_until(std::string_view ending) {
        std::string out;
        while (!out.ends_with(ending) || ending.empty()) {
            pollfd waiting{.fd = socket_.get(), .events = POLLIN, .revents = 0};
            if (::poll(&waiting, 1, 10'000) <= 0) return out + "<timeout>";
            char piece[4096];
            const ssize_t count = ::recv(socket_.get(), piece, sizeof(piece), 0);
            if (count <= 0) return out;
            out.append(piece, static_cast<std::size_t>(count));
        }
        return out;
    }
    std::string read_all() { return read_until(""); }
    void close() { socket_.reset(); }
    void end_writing() const { ::shutdown(socket_.get(), SHUT_WR); }

    bool connected = false;

  private:
    Fd socket_;
};

Route route(std::string method, std::string path, Handler handler, Access access = Access::anyone) {
    Route out;
    out.method = std::move(method);
    out.path = std::move(path);
    out.access = access;
    out.handler = std::move(handler);
    return out;
}

void echo(Exchange& exchange) {
    Response response;
    response.body = exchange.request().body;
    exchange.send(std::move(response));
}

struct ServerTest : testing::Test {
    Router router;
    AdminForKey keys;
    ServerSettings settings;
    std::unique_ptr<Server> server;
    std::atomic<bool> cancelled = false;
    std::latch waiting{1};

    ServerTest() {
        settings.listen = {{.scheme = "http", .host = "127.0.0.1", .port = 0}};
        settings.limits.linger = milliseconds(300);
        router.add(route("POST", "/echo", echo));
        router.add(route("GET", "/hello", [](Exchange& e) {
            e.send({.headers = {}, .body = "hi"});
        }));
        router.add(route("GET", "/user", echo, Access::user));
        router.add(route("GET", "/admin", echo, Access::admin));
        router.add(route("GET", "/nothing", [](Exchange&) {}));
        router.add(route("GET", "/throws", [](Exchange&) { throw std::runtime_error("bug"); }));
        router.add(route("GET", "/stream", [](Exchange& e) {
            ASSERT_TRUE(e.start(200, "text/plain"));
            for (const std::string_view piece : {"one ", "two ", "three"})
                ASSERT_TRUE(e.write(piece));
            e.finish();
        }));
        router.add(route("GET", "/half", [](Exchange& e) {
            ASSERT_TRUE(e.start(200, "text/plain"));
            ASSERT_TRUE(e.write("half"));
        }));
        router.add(route("GET", "/wait", [this](Exchange& e) {
            waiting.count_down();
            const auto until = steady_clock::now() + std::chrono::seconds(10);
            while (!e.client_gone().stop_requested() && steady_clock::now() < until)
                std::this_thread::yield();
            cancelled = e.client_gone().stop_requested();
            e.send({.headers = {}, .body = "late"});
        }));
        router.add(route("GET", "/flood", [this](Exchange& e) {
            ASSERT_TRUE(e.start(200, "text/plain"));
            const std::string piece(65536, 'x');
            while (e.write(piece)) {
            }
            cancelled = true;
        }));
        Route counted = route("POST", "/count", [](Exchange& e) {
            std::array<std::byte, 10'000> buffer{};
            std::size_t total = 0;
            while (true) {
                const auto count = e.read_body(buffer);
                if (!count)
                    return e.send({.status = 400, .headers = {}, .body = count.error().message});
                if (*count == 0) break;
                total += *count;
            }
            e.send({.headers = {}, .body = std::to_string(total)});
        });
        counted.stream_body = true;
        counted.max_body_bytes = 5'000'000;
        router.add(std::move(counted));
        Route small = route("POST", "/small", echo);
        small.max_body_bytes = 10;
        router.add(std::move(small));
    }
    void start() { server = *Server::start(router, keys, settings); }
    Client connect() {
        if (!server) start();
        return Client(server->addresses()[0].port);
    }
    // One request on a connection of its own; the whole response.
    std::string ask(
        const std::string& line, const std::string& headers = "", std::string body = ""
    ) {
        Client client = connect();
        client.send(
            line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers + "\r\n" + body
        );
        return client.read_all();
    }
};

std::string body_of(const std::string& response) {
    return response.substr(std::min(response.size(), response.find("\r\n\r\n") + 4));
}

TEST_F(ServerTest, AnswersWithLengthDateAndRequestId) {
    const std::string response = ask("GET /hello", "X-Request-Id: abc-1\r\n");
    EXPECT_TRUE(response.starts_with("HTTP/1.1 200 OK\r\n")) << response;
    EXPECT_TRUE(response.contains("Content-Length: 2\r\n"));
    EXPECT_TRUE(response.contains("Date: "));
    EXPECT_TRUE(response.contains("X-Request-Id: abc-1\r\n"));
    EXPECT_EQ(body_of(response), "hi");
}

TEST_F(ServerTest, RequestsOfOneConnectionAreAnsweredInOrder) {
    Client client = connect();
    const std::string head = " HTTP/1.1\r\nHost: localhost\r\n";
    client.send(
        "POST /echo" + head + "Content-Length: 3\r\n\r\noneGET /stream" + head + "\r\n" +
        "POST /echo" + head + "Transfer-Encoding: chunked\r\n\r\n2\r\ntw\r\n1\r\no\r\n0\r\n\r\n" +
        "GET /hello" + head + "Connection: close\r\n\r\n"
    );
    const std::string all = client.read_all();
    const std::size_t one = all.find("\r\n\r\none");
    const std::size_t three = all.find("three\r\n0\r\n\r\n");
    const std::size_t two = all.find("\r\n\r\ntwo");
    const std::size_t hi = all.find("\r\n\r\nhi");
    EXPECT_TRUE(one < three && three < two && two < hi && hi != std::string::npos) << all;
}

TEST_F(ServerTest, AStreamIsChunkedAndHttp10GetsItBare) {
    EXPECT_TRUE(ask("GET /stream").contains("Transfer-Encoding: chunked\r\n"));
    Client client = connect();
    client.send("GET /stream HTTP/1.0\r\n\r\n");
    const std::string response = client.read_all();
    EXPECT_TRUE(response.starts_with("HTTP/1.0 200 OK\r\n")) << response;
    EXPECT_EQ(body_of(response), "one two three");
}

TEST_F(ServerTest, HeadHasTheLengthAndNoBody) {
    const std::string response = ask("HEAD /hello");
    EXPECT_TRUE(response.contains("Content-Length: 2\r\n"));
    EXPECT_EQ(body_of(response), "");
    EXPECT_EQ(body_of(ask("HEAD /stream")), "");
}

TEST_F(ServerTest, UnknownPathsAndMethodsAreAnsweredAsOllamaDoes) {
    EXPECT_EQ(body_of(ask("GET /no")), "404 page not found");
    const std::string response = ask("DELETE /hello");
    EXPECT_TRUE(response.starts_with("HTTP/1.1 405 "));
    EXPECT_TRUE(response.contains("Allow: GET, HEAD\r\n"));
    EXPECT_EQ(body_of(response), "405 method not allowed");
}

TEST_F(ServerTest, RoutesAskForTheRightsTheySay) {
    EXPECT_TRUE(ask("GET /user").starts_with("HTTP/1.1 401 "));
    EXPECT_TRUE(ask("GET /user").contains("WWW-Authenticate: Bearer"));
    EXPECT_TRUE(ask("GET /user", "Authorization: Bearer user\r\n").starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(ask("GET /user", "x-api-key: user\r\n").starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(ask("GET /admin", "Authorization: bearer user\r\n").starts_with("HTTP/1.1 403 "));
    EXPECT_TRUE(ask("GET /admin", "Authorization: Bearer admin\r\n").starts_with("HTTP/1.1 200 "));
}

TEST_F(ServerTest, ForeignPagesAndReboundNamesAreRefused) {
    EXPECT_TRUE(ask("GET /hello", "Origin: https://evil.example\r\n").starts_with("HTTP/1.1 403 "));
    const std::string allowed = ask("GET /hello", "Origin: http://localhost:5173\r\n");
    EXPECT_TRUE(allowed.contains("Access-Control-Allow-Origin: http://localhost:5173\r\n"));
    Client client = connect();
    client.send("GET /hello HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 403 "));
}

TEST_F(ServerTest, APreflightIsAnsweredWithoutAKey) {
    const std::string response =
        ask("OPTIONS /user",
            "Origin: http://localhost:1\r\nAccess-Control-Request-Method: POST\r\n");
    EXPECT_TRUE(response.starts_with("HTTP/1.1 204 ")) << response;
    EXPECT_TRUE(response.contains("Access-Control-Allow-Methods: "));
    EXPECT_FALSE(response.contains("Content-Length"));
}

TEST_F(ServerTest, ABodyOverTheLimitOfItsRouteIsRefused) {
    const std::string response = ask("POST /small", "Content-Length: 11\r\n", "12345678901");
    EXPECT_TRUE(response.starts_with("HTTP/1.1 413 ")) << response;
    EXPECT_TRUE(body_of(response).contains("10 bytes"));
    const std::string chunked =
        ask("POST /small", "Transfer-Encoding: chunked\r\n", "b\r\n12345678901\r\n0\r\n\r\n");
    EXPECT_TRUE(chunked.starts_with("HTTP/1.1 413 ")) << chunked;
    EXPECT_EQ(body_of(ask("POST /small", "Content-Length: 10\r\n", "1234567890")), "1234567890");
}

TEST_F(ServerTest, AHugeBodyIsRefusedBeforeItIsSentAndTheAnswerArrives) {
    Client client = connect();
    client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n");
    client.send(std::string(1 << 20, 'x'));
    EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 413 "));
}

TEST_F(ServerTest, AClientThatExpectsToContinueIsToldTo) {
    Client client = connect();
    client.send(
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        "Content-Length: 2\r\nConnection: close\r\n\r\n"
    );
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ok");
    EXPECT_EQ(body_of(client.read_all()), "ok");
}

TEST_F(ServerTest, AStreamedBodyReachesItsHandlerInPieces) {
    const std::string body(3'000'000, 'b');
    EXPECT_EQ(body_of(ask("POST /count", "Content-Length: 3000000\r\n", body)), "3000000");
    EXPECT_EQ(body_of(ask("POST /count", "Content-Length: 0\r\n")), "0");
}

TEST_F(ServerTest, AStreamedBodyThatBreaksOffFailsItsHandler) {
    Client client = connect();
    client.send("POST /count HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc");
    client.end_writing();
    EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 400 "));
}

TEST_F(ServerTest, MalformedRequestsAreRefused) {
    for (const std::string_view bytes : {
             "garbage\r\n\r\n",
             "GET / HTTP/1.1\r\n\r\n",
             "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
             "GET x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
             "GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
             "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
             "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
             "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
             "Transfer-Encoding: chunked\r\n\r\n",
             "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
             "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
         }) {
        Client client = connect();
        client.send(bytes);
        const std::string response = client.read_all();
        EXPECT_TRUE(response.starts_with("HTTP/1.1 400 ")) << bytes;
        EXPECT_FALSE(response.ends_with("<timeout>")) << bytes << response;
    }
    EXPECT_EQ(body_of(ask("GET /hello")), "hi");
}

TEST_F(ServerTest, UnknownTransferCodingsAndHugeHeadsAreRefused) {
    EXPECT_TRUE(
        ask("POST /echo", "Transfer-Encoding: gzip, chunked\r\n").starts_with("HTTP/1.1 501 ")
    );
    const std::string huge = "X-Huge: " + std::string(100'000, 'x') + "\r\n";
    EXPECT_TRUE(ask("GET /hello", huge).starts_with("HTTP/1.1 431 "));
    // One line that never ends.
    Client client = connect();
    client.send("GET /" + std::string(200'000, 'a'));
    EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 431 "));
}

TEST_F(ServerTest, ASlowHeadAndASlowBodyAreGivenUp) {
    settings.limits.head = milliseconds(150);
    settings.limits.body_stall = milliseconds(150);
    Client slow_head = connect();
    slow_head.send("GET /hello HT");
    EXPECT_TRUE(slow_head.read_all().starts_with("HTTP/1.1 408 "));
    Client slow_body = connect();
    slow_body.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab");
    EXPECT_TRUE(slow_body.read_all().starts_with("HTTP/1.1 408 "));
}

TEST_F(ServerTest, AnIdleConnectionIsClosed) {
    settings.limits.idle = milliseconds(150);
    Client client = connect();
    EXPECT_EQ(client.read_all(), "");
}

TEST_F(ServerTest, AClientThatDoesNotReadIsGivenUp) {
    settings.limits.write_stall = milliseconds(200);
    Client client = connect();
    client.send("GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto until = steady_clock::now() + std::chrono::seconds(10);
    while (!cancelled && steady_clock::now() < until)
        std::this_thread::yield();
    EXPECT_TRUE(cancelled);
}

TEST_F(ServerTest, AHandlerLearnsThatItsClientLeft) {
    Client client = connect();
    client.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
    waiting.wait();
    client.close();
    const auto until = steady_clock::now() + std::chrono::seconds(10);
    while (!cancelled && steady_clock::now() < until)
        std::this_thread::yield();
    EXPECT_TRUE(cancelled);
}

TEST_F(ServerTest, AHandlerThatDoesNotAnswerOrThrowsGives500AndTheServerGoesOn) {
    EXPECT_TRUE(ask("GET /nothing").starts_with("HTTP/1.1 500 "));
    EXPECT_TRUE(ask("GET /throws").starts_with("HTTP/1.1 500 "));
    EXPECT_EQ(body_of(ask("GET /hello")), "hi");
}

TEST_F(ServerTest, AnUnfinishedStreamEndsWithoutItsLastChunk) {
    const std::string response = ask("GET /half");
    EXPECT_TRUE(response.contains("half"));
    EXPECT_FALSE(response.contains("0\r\n\r\n"));
}

TEST_F(ServerTest, ConnectionsBeyondTheLimitAreTurnedAway) {
    settings.limits.max_connections = 1;
    Client first = connect();
    first.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_TRUE(first.read_until("hi").ends_with("hi"));
    Client second = connect();
    EXPECT_TRUE(second.read_all().starts_with("HTTP/1.1 503 "));
}

TEST_F(ServerTest, StoppingLetsARunningRequestEndAndCancelsItAfterTheGrace) {
    Client client = connect();
    client.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
    waiting.wait();
    const auto begun = steady_clock::now();
    server->stop(milliseconds(100));
    EXPECT_TRUE(cancelled);
    EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(5));
    EXPECT_TRUE(client.read_all().ends_with("late"));
    EXPECT_FALSE(Client(server->addresses()[0].port).connected);
}

TEST(StaticFiles, ABrowserGetsThePageAndOthersTheTextOfOllama) {
    static const std::array<EmbeddedFile, 2> files = {
        {{"index.html", "text/html", "\"1\"", "<html>", "", false},
         {"assets/a-12345678.js", "text/javascript", "\"2\"", "let a", "zipped", true}}
    };
    Router pages;
    pages.add(static_routes(files));
    const auto get = [&pages](std::string path, std::string header, std::string value) {
        Request request;
        request.headers = {{std::move(header), std::move(value)}};
        RecordedExchange exchange(std::move(request));
        pages.find("GET", path).route->handler(exchange);
        return exchange.answer;
    };
    EXPECT_EQ(get("/", "accept", "text/html,*/*").body, "<html>");
    EXPECT_EQ(get("/", "accept", "*/*").body, "Ollama is running");
    EXPECT_EQ(get("/", "", "").content_type, "text/plain; charset=utf-8");
    EXPECT_EQ(get("/assets/a-12345678.js", "accept-encoding", "gzip, br").body, "zipped");
    EXPECT_EQ(get("/assets/a-12345678.js", "", "").body, "let a");
    EXPECT_EQ(get("/assets/a-12345678.js", "if-none-match", "\"2\"").status, 304);
    EXPECT_EQ(pages.find("GET", "/assets/b.js").route, nullptr);
}

TEST_F(ServerTest, APortInUseIsSaidSo) {
    start();
    ServerSettings same = settings;
    same.listen[0].port = server->addresses()[0].port;
    const auto second = Server::start(router, keys, same);
    ASSERT_FALSE(second);
    EXPECT_TRUE(second.error().message.contains("in use")) << second.error().message;
}

TEST_F(ServerTest, AMissingCertificateIsNamed) {
    settings.tls = TlsFiles{.certificate = "/nonexistent/cert.pem", .key = "/nonexistent/key.pem"};
    const auto failed = Server::start(router, keys, settings);
    ASSERT_FALSE(failed);
    EXPECT_TRUE(failed.error().message.contains("cert.pem")) << failed.error().message;
}

}  // namespace
}  // namespace moat::http
