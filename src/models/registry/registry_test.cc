#include "models/registry/registry.h"

#include <atomic>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/temp_dir.h"
#include "models/gguf_builder.h"
#include "models/registry/scripted_transfer.h"

namespace moat::models {
namespace {

using std::chrono::milliseconds;

const Principal kAdmin{.id = "a", .name = "a", .role = Role::admin};

// A registry of one model; `before` may answer first.
struct RegistryTest : testing::Test {
    TempDir dir;
    SystemClock clock;
    ModelStore store = *ModelStore::open(dir.path() / "models");
    std::string weights =
        GgufBuilder().text("general.architecture", "llama").tensor("w", {1}, "1234").bytes();
    std::string config = R"({"model_format":"gguf"})";
    std::function<std::optional<Result<TransferReply>>(const TransferRequest&)> before;
    ScriptedTransfer http{[this](const TransferRequest& request) { return answer(request); }};
    std::mutex mutex;
    std::vector<milliseconds> waits;  // guarded by mutex
    std::vector<std::string> statuses;

    std::string manifest() const {
        const auto layer = [](std::string_view type, const std::string& bytes) {
            return fmt::format(
                R"({{"mediaType":"{}","digest":"{}","size":{}}})",
                type,
                digest_text(sha256(bytes_of(bytes))),
                bytes.size()
            );
        };
        return fmt::format(
            R"({{"config":{},"layers":[{}]}})",
            layer("c", config),
            layer(layer_type::kModel, weights)
        );
    }

    Result<TransferReply> answer(const TransferRequest& request) {
        if (before)
            if (auto said = before(request)) return *said;
        if (request.url.ends_with("/manifests/latest"))
            return TransferReply{.status = 200, .body = manifest()};
        for (const std::string& blob : {weights, config})
            if (request.url.ends_with(digest_text(sha256(bytes_of(blob)))))
                return piece_of(blob, request);
        return TransferReply{.status = 404};
    }

    static Result<TransferReply> piece_of(const std::string& blob, const TransferRequest& request) {
        const std::string range(header_of(request, "Range").substr(6));
        const std::size_t first = std::stoul(range);
        const std::size_t last = std::stoul(range.substr(range.find('-') + 1));
        const std::string content_range = fmt::format("bytes {}-{}/{}", first, last, blob.size());
        return TransferReply{
            .status = 206,
            .headers = {{"content-range", content_range}},
            .body = blob.substr(first, last - first + 1)
        };
    }

    Status pull(int max_tries = 6, const std::stop_token& stop = {}) {
        RegistrySettings settings{.keys = dir.path() / "keys", .user_agent = "test"};
        settings.downloads.parts = {.count = 16, .min_bytes = 40, .max_bytes = 40};
        settings.downloads.max_tries = max_tries;
        settings.downloads.wait = [this](milliseconds time, const std::stop_token& stopped) {
            const std::lock_guard lock(mutex);
            waits.push_back(time);
            return !stopped.stop_requested();
        };
        Registry registry(store, http, clock, std::move(settings));
        statuses.clear();
        return registry.pull(
            kAdmin,
            {.model = "registry.example/me/tiny"},
            [this](const Progress& progress) { statuses.push_back(progress.status); },
            stop
        );
    }
    std::size_t installed() { return store.list(kAdmin)->size(); }
    bool is_weights_part(const TransferRequest& request) const {
        return request.url.ends_with(sha256(bytes_of(weights)).hex()) &&
               header_of(request, "Range") != "bytes=0-0";
    }
};

TEST_F(RegistryTest, AModelIsInstalledWithTheBytesOfItsManifest) {
    const Status done = pull();
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(*store.manifest_text(kAdmin, "registry.example/me/tiny"), manifest());
    EXPECT_EQ(statuses.front(), "pulling manifest");
    EXPECT_EQ(statuses.back(), "success");
    EXPECT_EQ(*read_file(store.blob_path(sha256(bytes_of(weights)))), weights);
    EXPECT_TRUE(waits.empty());
}

TEST_F(RegistryTest, WaitsTwiceAsLongAfterEachFailure) {
    std::atomic<int> failures = 4;
    before = [&](const TransferRequest& request) -> std::optional<Result<TransferReply>> {
        if (!request.url.ends_with(sha256(bytes_of(config)).hex()) || failures-- <= 0) return {};
        return TransferReply{.status = 503};
    };
    ASSERT_TRUE(pull());
    EXPECT_EQ(
        waits,
        (std::vector<milliseconds>{
            milliseconds(1000), milliseconds(2000), milliseconds(4000), milliseconds(8000)
        })
    );
}

TEST_F(RegistryTest, GivesUpAfterTheLastTry) {
    before = [&](const TransferRequest& request) -> std::optional<Result<TransferReply>> {
        if (!is_weights_part(request)) return {};
        return Error{ErrorCode::io, "the line is down"};
    };
    const Status done = pull(3);
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().message.ends_with("the line is down")) << done.error().message;
    EXPECT_EQ(installed(), 0U);
}

TEST_F(RegistryTest, WhatWillNotPassIsNotTriedAgain) {
    before = [&](const TransferRequest& request) -> std::optional<Result<TransferReply>> {
        if (!is_weights_part(request)) return {};
        return TransferReply{.status = 410, .body = "gone\nfor good"};
    };
    EXPECT_EQ(pull().error().message, "410: gone for good");
    EXPECT_TRUE(waits.empty());
}

TEST_F(RegistryTest, AnAddressThatEndedIsAskedForAnew) {
    std::atomic<int> address = 0;
    before = [&](const TransferRequest& request) -> std::optional<Result<TransferReply>> {
        if (request.url.starts_with("https://cdn.example/")) {
            // The first address is good for a look only.
            if (request.url.ends_with("1") && header_of(request, "Range") != "bytes=0-0")
                return TransferReply{.status = 403};
            return piece_of(weights, request);
        }
        if (!request.url.ends_with(sha256(bytes_of(weights)).hex())) return {};
        return TransferReply{
            .status = 307,
            .headers = {{"location", fmt::format("https://cdn.example/{}", ++address)}}
        };
    };
    const Status done = pull();
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(address, 2);
}

TEST_F(RegistryTest, AnotherRangeThanAskedForIsRefused) {
    before = [&](const TransferRequest& request) -> std::optional<Result<TransferReply>> {
        if (!is_weights_part(request)) return {};
        auto reply = *piece_of(weights, request);
        reply.headers = {{"content-range", fmt::format("bytes 1-40/{}", weights.size())}};
        return reply;
    };
    EXPECT_TRUE(pull().error().message.contains("another range than it was asked for"));
    EXPECT_EQ(installed(), 0U);
}

TEST_F(RegistryTest, MoreBytesThanAPartHasAreRefused) {
    before = [&](const TransferRequest& request) -> std::optional<Result<TransferReply>> {
        if (!is_weights_part(request)) return {};
        auto reply = *piece_of(weights, request);
        reply.body += "and more";
        return reply;
    };
    EXPECT_TRUE(pull().error().message.contains("more bytes than the blob has"));
}

TEST_F(RegistryTest, AStoppedPullGoesOnWhereItWas) {
    std::stop_source stop;
    std::atomic<int> parts = 0;
    before = [&](const TransferRequest& request) -> std::optional<Result<TransferReply>> {
        if (is_weights_part(request) && ++parts == 2) stop.request_stop();
        return {};
    };
    EXPECT_EQ(pull(6, stop.get_token()).error().code, ErrorCode::cancelled);
    EXPECT_EQ(installed(), 0U);
    before = nullptr;
    const std::size_t asked_before = http.asked().size();
    ASSERT_TRUE(pull());
    std::size_t again = 0;
    const auto asked = http.asked();
    for (std::size_t i = asked_before; i < asked.size(); ++i)
        if (is_weights_part(asked[i])) ++again;
    EXPECT_LT(again, (weights.size() + 39) / 40);
}

TEST_F(RegistryTest, OnlyAdministratorsMay) {
    Registry registry(store, http, clock, {.keys = dir.path() / "keys"});
    const Principal user{.id = "u", .name = "u", .role = Role::user};
    const TransferOrder order{.model = "registry.example/me/tiny"};
    EXPECT_EQ(registry.pull(user, order, {}, {}).error().code, ErrorCode::forbidden);
    EXPECT_EQ(registry.push(user, order, {}, {}).error().code, ErrorCode::forbidden);
    EXPECT_TRUE(http.asked().empty());
}

TEST_F(RegistryTest, AManifestThatListsOneBlobWithTwoSizesIsRefused) {
    before = [&](const TransferRequest& request) -> std::optional<Result<TransferReply>> {
        if (!request.url.ends_with("/manifests/latest")) return {};
        std::string text = manifest();
        const std::string same = text.substr(text.find("[{") + 1);
        const std::string layer = same.substr(0, same.find('}'));
        text.insert(text.size() - 2, "," + layer + "0}");
        return TransferReply{.status = 200, .body = text};
    };
    EXPECT_TRUE(pull().error().message.contains("makes no sense"));
}

}  // namespace
}  // namespace moat::models
