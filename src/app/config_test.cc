#include "app/config.h"

#include <fstream>
#include <map>

#include <gtest/gtest.h>

#include "app/data_folder.h"
#include "app/exposure.h"
#include "base/temp_dir.h"

namespace moat::app {
namespace {

struct ConfigTest : testing::Test {
    TempDir dir;
    std::map<std::string, std::string> variables;
    ServeFlags flags;

    ConfigTest() { flags.data = dir.path().string(); }
    void write_file(const std::string& text) { std::ofstream(dir.path() / "config.toml") << text; }
    Result<Config> make() {
        return make_config(flags, [this](const char* name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            if (found == variables.end()) return std::nullopt;
            return found->second;
        });
    }
};

TEST_F(ConfigTest, TheDefaultsListenOnThisMachineAtOllamasPort) {
    const auto config = make();
    ASSERT_TRUE(config);
    ASSERT_EQ(config->listen.size(), 1U);
    EXPECT_EQ(config->listen[0].authority(), "127.0.0.1:11434");
    EXPECT_EQ(config->models, dir.path() / "models");
    EXPECT_EQ(config->keep_alive, std::chrono::minutes(5));
    EXPECT_FALSE(is_exposed(*config));
}

TEST_F(ConfigTest, FlagsWinOverTheEnvironmentAndThatOverTheFile) {
    write_file(
        "listen = [\"127.0.0.1:1\", \"127.0.0.1:2\"]\nmodels = \"m\"\nkeep_alive = \"10m\"\n"
        "parallel = 2\nrequire_key = true\n[tls]\ncertificate = \"c.pem\"\nkey = \"/k.pem\"\n"
    );
    EXPECT_EQ(make()->listen.size(), 2U);
    EXPECT_EQ(make()->models, dir.path() / "m");
    EXPECT_EQ(make()->tls->certificate, dir.path() / "c.pem");
    EXPECT_EQ(make()->tls->key, "/k.pem");
    EXPECT_TRUE(make()->require_key);
    variables = {
        {"OLLAMA_HOST", "127.0.0.1:3"}, {"OLLAMA_KEEP_ALIVE", "-1"}, {"OLLAMA_MODELS", "/e"}
    };
    EXPECT_EQ(make()->listen[0].port, 3);
    EXPECT_LT(make()->keep_alive.count(), 0);
    EXPECT_EQ(make()->parallel, 2);
    flags.listen = {"127.0.0.1:4"};
    flags.models = "/f";
    EXPECT_EQ(make()->listen[0].port, 4);
    EXPECT_EQ(make()->models, "/f");
}

TEST_F(ConfigTest, AMistakeInTheFileIsNamedWithItsLine) {
    for (const auto& [text, expected] : std::map<std::string, std::string>{
             {"\nrequire_keys = true\n", "line 2: require_keys is not a setting"},
             {"require_key = \"yes\"\n", "line 1: require_key must be true or false"},
             {"parallel = -1\n", "parallel must be a number"},
             {"keep_alive = \"soon\"\n", "keep_alive must be a duration"},
             {"listen = \"a:b:c:d/\"\nx", "line 2"},
             {"listen = \"127.0.0.1:x\"\n", "listen holds"},
             {"[tls]\nkey = \"k\"\n", "needs both certificate and key"},
         }) {
        write_file(text);
        const auto config = make();
        ASSERT_FALSE(config) << text;
        EXPECT_TRUE(config.error().message.contains(expected)) << config.error().message;
    }
}

TEST_F(ConfigTest, ABadNumberInTheEnvironmentIsAWarningAsWithOllama) {
    variables = {{"OLLAMA_MAX_QUEUE", "many"}};
    const auto config = make();
    EXPECT_EQ(config->max_queue, 512);
    ASSERT_EQ(config->warnings.size(), 1U);
}

TEST_F(ConfigTest, OfTwoNamesForASettingMoatsOwnWins) {
    variables = {
        {"OLLAMA_NUM_PARALLEL", "2"}, {"MOAT_NUM_PARALLEL", "3"}, {"MOAT_KEEP_ALIVE", "7m"}
    };
    EXPECT_EQ(make()->parallel, 3);
    EXPECT_EQ(make()->keep_alive, std::chrono::minutes(7));
}

// The rules of OLLAMA_HOST: http:// means port 80, https:// 443, a wrong port the default one.
TEST_F(ConfigTest, AHostIsReadAsOllamaReadsIt) {
    for (const auto& [text, expected] : std::map<std::string, std::string>{
             {"1.2.3.4", "1.2.3.4:11434"},
             {":1234", "0.0.0.0:1234"},
             {"http://1.2.3.4", "1.2.3.4:80"},
             {"https://1.2.3.4/", "1.2.3.4:443"},
             {"[::1]:99", "[::1]:99"},
             {"1.2.3.4:none", "1.2.3.4:11434"},
             {"1.2.3.4:66000", "1.2.3.4:11434"},
         }) {
        variables = {{"OLLAMA_HOST", text}};
        const auto config = make();
        ASSERT_TRUE(config) << text;
        EXPECT_EQ(config->listen[0].authority(), expected);
        EXPECT_EQ(
            config->warnings.size(), text.contains(":none") || text.contains("66000") ? 1U : 0U
        );
    }
    variables["MOAT_LISTEN"] = "127.0.0.1:1,127.0.0.1:2";
    EXPECT_EQ(make()->listen.size(), 2U);
}

TEST_F(ConfigTest, AttentionIsSetFromEitherSource) {
    EXPECT_EQ(make()->flash_attention, std::nullopt);
    EXPECT_EQ(make()->cache_type, "f16");
    write_file("flash_attention = false\ncache_type = \"q4_0\"\n");
    EXPECT_EQ(make()->flash_attention, false);
    EXPECT_EQ(make()->cache_type, "q4_0");
    variables = {{"OLLAMA_FLASH_ATTENTION", "1"}, {"OLLAMA_KV_CACHE_TYPE", "q8_0"}};
    EXPECT_EQ(make()->flash_attention, true);
    EXPECT_EQ(make()->cache_type, "q8_0");
    variables = {{"OLLAMA_KV_CACHE_TYPE", "q7"}};
    EXPECT_EQ(make()->cache_type, "q4_0");
    ASSERT_EQ(make()->warnings.size(), 1U);
    EXPECT_TRUE(make()->warnings[0].contains("q8_0"));
    write_file("cache_type = \"tiny\"\n");
    EXPECT_TRUE(make().error().message.contains("line 1: cache_type must be one of"));
}

TEST_F(ConfigTest, CalledAsOllamaItUsesOllamasStore) {
    variables = {{"HOME", "/home/x"}};
    flags.program = "ollama";
    EXPECT_EQ(make()->models, "/home/x/.ollama/models");
    variables["OLLAMA_MODELS"] = "/elsewhere";
    EXPECT_EQ(make()->models, "/elsewhere");
}

TEST_F(ConfigTest, VariablesThatDoNothingAreToldOf) {
    variables = {{"OLLAMA_NUM_CTX", "8192"}, {"OLLAMA_GPU_PRECISION", "fp16"}};
    const auto config = make();
    ASSERT_EQ(config->warnings.size(), 2U);
    EXPECT_TRUE(config->warnings[0].contains("OLLAMA_CONTEXT_LENGTH"));
}

TEST_F(ConfigTest, ACertificateNeedsItsKey) {
    flags.tls_certificate = "c.pem";
    EXPECT_EQ(make().error().code, ErrorCode::invalid_argument);
}

TEST_F(ConfigTest, DurationsAreReadAsOllamaReadsThem) {
    using std::chrono::seconds;
    EXPECT_EQ(*parse_duration("5m"), seconds(300));
    EXPECT_EQ(*parse_duration("1h30m"), seconds(5400));
    EXPECT_EQ(*parse_duration("90"), seconds(90));
    EXPECT_EQ(*parse_duration("1.5s"), std::chrono::milliseconds(1500));
    EXPECT_EQ(*parse_duration("-1"), seconds(-1));
    EXPECT_EQ(*parse_duration("0"), seconds(0));
    for (const std::string_view bad : {"", "-", "m", "5x", "5m3", "soon"})
        EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST_F(ConfigTest, AServerOthersReachNeedsAKeyOrTlsOrTheWordOfItsAdministrator) {
    flags.listen = {"0.0.0.0:0"};
    const Status refused = check_exposure(*make(), false);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().message.contains("--insecure"));
    EXPECT_TRUE(refused.error().message.contains("密钥"));
    EXPECT_TRUE(check_exposure(*make(), true));
    EXPECT_EQ(key_rule(*make()), access::KeyRule::always);
    flags.insecure = true;
    EXPECT_TRUE(check_exposure(*make(), false));
    EXPECT_EQ(key_rule(*make()), access::KeyRule::when_an_admin_key_exists);
    flags.insecure = false;
    flags.tls_certificate = flags.tls_key = "x";
    EXPECT_TRUE(check_exposure(*make(), false));
}

TEST_F(ConfigTest, ADataFolderHasOneServer) {
    auto first = DataFolder::take(dir.path() / "data");
    ASSERT_TRUE(first);
    const auto second = DataFolder::take(dir.path() / "data");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::conflict);
    EXPECT_TRUE(second.error().message.contains("another server"));
    first = Error{ErrorCode::io, ""};  // lets go
    EXPECT_TRUE(DataFolder::take(dir.path() / "data"));
}

}  // namespace
}  // namespace moat::app
