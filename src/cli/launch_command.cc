#include <algorithm>
#include <cerrno>
#include <string_view>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "cli/commands.h"

// `moat launch`: starts a coding tool that is told by its own variables to talk to this server.
namespace moat::cli {
namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

struct Start {
    Variables variables;
    std::vector<std::string> command;
};

constexpr std::string_view kTools[] = {"claude", "codex", "opencode"};

// Some tools refuse to start without a key, also where the server wants none.
std::string key_or_word(const ServerAddress& server) {
    return server.key.empty() ? "ollama" : server.key;
}

Start start_claude(const ServerAddress& server, const std::string& model) {
    return {
        .variables =
            {{"ANTHROPIC_BASE_URL", server.url},
             {"ANTHROPIC_AUTH_TOKEN", key_or_word(server)},
             {"ANTHROPIC_API_KEY", ""},
             // What it asks by the way is for this model too.
             {"ANTHROPIC_DEFAULT_OPUS_MODEL", model},
             {"ANTHROPIC_DEFAULT_SONNET_MODEL", model},
             {"ANTHROPIC_DEFAULT_HAIKU_MODEL", model}},
        .command = {"claude", "--model", model}
    };
}

Start start_codex(const ServerAddress& server, const std::string& model) {
    return {
        .variables = {{"CODEX_OSS_BASE_URL", server.url + "/v1"}},
        .command = {"codex", "--oss", "-m", model}
    };
}

Start start_opencode(const ServerAddress& server, const std::string& model) {
    json::Object models;
    models[model] = json::Object{{"name", model}};
    const json::Object provider{
        {"npm", "@ai-sdk/openai-compatible"},
        {"name", "Moat"},
        {"options", json::Object{{"baseURL", server.url + "/v1"}, {"apiKey", key_or_word(server)}}},
        {"models", std::move(models)}
    };
    const json::Object config{
        {"provider", json::Object{{"moat", provider}}}, {"model", "moat/" + model}
    };
    return {
        .variables = {{"OPENCODE_CONFIG_CONTENT", json::write(config)}}, .command = {"opencode"}
    };
}

Start start_of(const std::string& tool, const ServerAddress& server, const std::string& model) {
    if (tool == "claude") return start_claude(server, model);
    return tool == "codex" ? start_codex(server, model) : start_opencode(server, model);
}

std::string quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text)
        out += c == '\'' ? "'\\''" : std::string(1, c);
    return out + "'";
}

std::string as_script(const Start& start) {
    std::string out;
    for (const auto& [name, value] : start.variables)
        out += fmt::format("export {}={}\n", name, quoted(value));
    for (std::size_t i = 0; i < start.command.size(); ++i)
        out += (i > 0 ? " " : "") + (i > 0 ? quoted(start.command[i]) : start.command[i]);
    return out + "\n";
}

// The one installed last that can call tools: such tools are of no use without.
Result<std::string> usual_model(Session session) {
    TRY_ASSIGN(const json::Value reply, session.api.get("/api/tags"));
    if (const auto* models = json::find_array(reply, "models"))
        for (const json::Value& model : *models) {
            const auto* abilities = json::find_array(model, "capabilities");
            if (abilities != nullptr && std::ranges::find(*abilities, "tools") != abilities->end())
                return json::string_or(model, "name");
        }
    return Error{
        ErrorCode::not_found,
        std::string(session.console.pick(
            "no installed model can call tools: pull or create one, or name one with --model",
            "没有安装能调用工具的模型：请先下载或创建，或用 --model 指定"
        ))
    };
}

// Becomes the tool; comes back only when it cannot.
int become(Session session, const Start& start) {
    std::vector<std::string> environment;
    for (char** entry = ::environ; *entry != nullptr; ++entry) {
        const std::string_view name =
            std::string_view(*entry).substr(0, std::string_view(*entry).find('='));
        if (std::ranges::find(start.variables, name, &Variables::value_type::first) ==
            start.variables.end())
            environment.emplace_back(*entry);
    }
    for (const auto& [name, value] : start.variables)
        environment.push_back(fmt::format("{}={}", name, value));
    const auto pointers = [](std::vector<std::string>& texts) {
        std::vector<char*> out;
        for (std::string& text : texts)
            out.push_back(text.data());
        out.push_back(nullptr);
        return out;
    };
    std::vector<std::string> command = start.command;
    ::execvpe(command[0].c_str(), pointers(command).data(), pointers(environment).data());
    if (errno != ENOENT)
        return session.console.fail(fmt::format(
            fmt::runtime(session.console.pick("{} could not be started", "无法启动 {}")), command[0]
        ));
    return session.console.fail(fmt::format(
        fmt::runtime(session.console.pick(
            "{0} is not installed here. Install it, or see what it needs with --config",
            "这里没有安装 {0}。请先安装，或用 --config 查看它需要的设置"
        )),
        command[0]
    ));
}

void list_tools(const Console& console, const ServerAddress& server) {
    console.print(fmt::format(
        fmt::runtime(console.pick(
            "Tools: {}\nAny other is told of this server by its settings:\n",
            "可启动的工具：{}\n其他工具请在其设置中填写本服务：\n"
        )),
        fmt::join(kTools, ", ")
    ));
    console.print(fmt::format(
        "  OPENAI_BASE_URL={0}/v1\n  OPENAI_API_KEY={1}\n  ANTHROPIC_BASE_URL={0}\n"
        "  OLLAMA_HOST={0}\n",
        server.url,
        server.key.empty() ? "ollama" : "$MOAT_API_KEY"
    ));
}

}  // namespace

int launch(Session session, const ServerAddress& server, const LaunchOptions& options) {
    const Console& console = session.console;
    if (options.tool.empty()) {
        list_tools(console, server);
        return 0;
    }
    if (std::ranges::find(kTools, options.tool) == std::end(kTools))
        return console.fail(fmt::format(
            fmt::runtime(console.pick(
                "no tool \"{}\" is known here; there are {}", "未知的工具 \"{}\"，可用的有 {}"
            )),
            options.tool,
            fmt::join(kTools, ", ")
        ));
    std::string model = options.model;
    if (model.empty()) {
        auto usual = usual_model(session);
        if (!usual) return console.fail(usual.error().message);
        model = *std::move(usual);
    }
    Start start = start_of(options.tool, server, model);
    start.command.insert(start.command.end(), options.arguments.begin(), options.arguments.end());
    if (options.only_config) {
        console.print(as_script(start));
        return 0;
    }
    return become(session, start);
}

int sign_in(Session session) {
    return session.console.fail(session.console.pick(
        "this server has no accounts at ollama.com and never contacts it: its models run here. "
        "Keys "
        "for this server are made with 'key create'; accounts of registries stand in "
        "keys/registries.json of its data folder",
        "本服务不使用 ollama.com 账户，也从不与其联系：模型都在本机运行。本服务的密钥用 'key "
        "create' "
        "创建；模型仓库的账户写在数据目录的 keys/registries.json 中"
    ));
}

int sign_out(Session session) {
    session.console.print(session.console.pick(
        "You are not signed in: this server has no accounts at ollama.com\n",
        "您没有登录：本服务不使用 ollama.com 账户\n"
    ));
    return 0;
}

}  // namespace moat::cli
