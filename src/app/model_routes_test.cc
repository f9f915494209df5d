#include <gtest/gtest.h>

#include "api/anthropic/routes.h"
#include "api/openai/routes.h"
#include "api/texts/routes.h"
#include "app/error_style.h"
#include "base/temp_dir.h"
#include "http/described_routes.h"
#include "inference/scripted_engine.h"

namespace moat::app {
namespace {

struct ModelRoutesTest : testing::Test {
    TempDir dir;
    models::ModelStore store = *models::ModelStore::open(dir.path());
    inference::ScriptedEngine engine;
    inference::ModelRuntime runtime{store, engine, inference::RuntimeSettings{}};

    // Of the protocols below /v1, and of what is under /api as well. tests/clients asks a real
    // server for the others.
    static std::vector<std::string> described() {
        auto all = http::described_routes(MOAT_OPENAPI_MODELS);
        std::erase_if(all, [](const std::string& route) {
            const auto name = route.substr(route.rfind('/') + 1);
            const bool text = name == "tokenize" || name == "detokenize" || name == "rerank";
            return !text && !route.contains(" /v1/");
        });
        return all;
    }

    std::vector<std::string> routes() {
        http::Router router;
        router.add(api::openai::routes(runtime, store));
        router.add(api::anthropic::routes(runtime));
        router.add(api::texts::routes(runtime, error_in_style_of));
        return http::names_of(router.routes());
    }
};

TEST_F(ModelRoutesTest, EveryRouteIsDescribedAndNothingElse) {
    EXPECT_EQ(routes(), described());
}

TEST(ErrorStyleTest, EachPathHasTheErrorsOfItsProtocol) {
    const auto body = [](std::string_view path) {
        return error_in_style_of(path, 401, {ErrorCode::unauthenticated, "who?"}).body;
    };
    EXPECT_EQ(
        body("/v1/messages"),
        R"({"type":"error","error":{"type":"authentication_error","message":"who?"}})"
    );
    EXPECT_EQ(body("/v1/messages/count_tokens"), body("/v1/messages"));
    EXPECT_EQ(
        body("/v1/rerank"),
        R"({"error":{"message":"who?","type":"authentication_error","param":null,"code":null}})"
    );
    EXPECT_EQ(body("/api/rerank"), R"({"error":"who?"})");
}

}  // namespace
}  // namespace moat::app
