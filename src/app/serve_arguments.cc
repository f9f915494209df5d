#include "app/serve_arguments.h"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/console.h"

namespace moat::app {
namespace {

// '%' stands for the program's name.
constexpr const char* kEnglishFooter =
    "Environment (a MOAT_ name stands for each OLLAMA_ one, and wins):\n"
    "  OLLAMA_HOST               address, [scheme://]host[:port]; MOAT_LISTEN takes several\n"
    "  OLLAMA_MODELS             models folder\n"
    "  OLLAMA_ORIGINS            web pages that may call, separated by commas\n"
    "  OLLAMA_KEEP_ALIVE         how long an idle model stays loaded: 5m; -1: forever\n"
    "  OLLAMA_LOAD_TIMEOUT       how long loading may stall: 5m; 0: as long as it takes\n"
    "  OLLAMA_CONTEXT_LENGTH     tokens of context where a model says nothing\n"
    "  OLLAMA_NUM_PARALLEL       requests generating at once on one model\n"
    "  OLLAMA_MAX_LOADED_MODELS  models in memory at once\n"
    "  OLLAMA_MAX_QUEUE          requests waiting before 503\n"
    "  OLLAMA_FLASH_ATTENTION    1: on, 0: off; unset: where the hardware is better with it\n"
    "  OLLAMA_KV_CACHE_TYPE      numbers of the attention cache: f16, q8_0, q4_0 ...\n"
    "  OLLAMA_DEBUG              1: a log of more detail\n"
    "  MOAT_DATA                 data folder\n"
    "  MOAT_REQUIRE_KEY, MOAT_INSECURE, MOAT_TLS_CERT, MOAT_TLS_KEY, MOAT_GRPC_LISTEN   as the "
    "flags\n"
    "Settings are also read from config.toml in the data folder; flags win, then the environment.\n"
    "docs/settings.md describes them all.\n"
    "\n"
    "Examples:\n"
    "  % serve\n"
    "  % serve --data /srv/moat --listen 0.0.0.0:11434 --tls-cert cert.pem --tls-key key.pem\n"
    "  % serve --models ~/.ollama/models          # use the models of an Ollama in place\n";

constexpr const char* kChineseFooter =
    "环境变量（每个 OLLAMA_ 变量都有对应的 MOAT_ 变量，后者优先）：\n"
    "  OLLAMA_HOST               监听地址 [scheme://]host[:port]；MOAT_LISTEN 可写多个\n"
    "  OLLAMA_MODELS             模型目录\n"
    "  OLLAMA_ORIGINS            允许访问的网页来源，用逗号分隔\n"
    "  OLLAMA_KEEP_ALIVE         空闲模型保持加载的时间：5m；-1 表示永久\n"
    "  OLLAMA_LOAD_TIMEOUT       加载停滞的时限：5m；0 表示不限\n"
    "  OLLAMA_CONTEXT_LENGTH     模型未指定时的上下文长度\n"
    "  OLLAMA_NUM_PARALLEL       每个模型同时处理的请求数\n"
    "  OLLAMA_MAX_LOADED_MODELS  同时加载的模型数\n"
    "  OLLAMA_MAX_QUEUE          排队请求的上限，超过则返回 503\n"
    "  OLLAMA_FLASH_ATTENTION    1 开启，0 关闭；不设则由硬件决定\n"
    "  OLLAMA_KV_CACHE_TYPE      注意力缓存的数值类型：f16、q8_0、q4_0 等\n"
    "  OLLAMA_DEBUG              1：更详细的日志\n"
    "  MOAT_DATA                 数据目录\n"
    "  MOAT_REQUIRE_KEY、MOAT_INSECURE、MOAT_TLS_CERT、MOAT_TLS_KEY、MOAT_GRPC_LISTEN   "
    "与同名选项相同\n"
    "设置也可以写在数据目录的 config.toml 中；命令行优先，其次是环境变量。\n"
    "全部设置见 docs/settings.zh.md。\n"
    "\n"
    "示例：\n"
    "  % serve\n"
    "  % serve --data /srv/moat --listen 0.0.0.0:11434 --tls-cert cert.pem --tls-key key.pem\n"
    "  % serve --models ~/.ollama/models          # 直接使用 Ollama 已有的模型\n";

std::string for_program(std::string text, const std::string& program) {
    for (std::size_t at = text.find('%'); at != std::string::npos; at = text.find('%', at + 1))
        text.replace(at, 1, program);
    return text;
}

// Who may call, and how what is said is kept from others.
void add_access_options(CLI::App& app, ServeFlags& flags, const auto& pick) {
    app.add_option(
           "--tls-cert",
           flags.tls_certificate,
           pick("TLS certificate chain (PEM)", "TLS 证书链（PEM）")
    )
        ->type_name("FILE");
    app.add_option("--tls-key", flags.tls_key, pick("TLS key (PEM)", "TLS 私钥（PEM）"))
        ->type_name("FILE");
    app.add_option(
           "--origins",
           flags.origins,
           pick("Web pages that may call, separated by commas", "允许访问的网页来源，用逗号分隔")
    )
        ->type_name("LIST");
    app.add_flag(
        "--require-key",
        flags.require_key,
        pick("Every request needs an API key", "所有请求都必须携带密钥")
    );
    app.add_flag(
        "--insecure",
        flags.insecure,
        pick("Let other machines in without a key or TLS", "允许其他机器在没有密钥和 TLS 时访问")
    );
}

}  // namespace

std::variant<ServeFlags, int> parse_serve_arguments(
    const std::string& program, const std::vector<std::string>& arguments
) {
    const bool chinese = cli::language_from_environment() == cli::Language::chinese;
    const auto pick = [chinese](const char* english, const char* other) {
        return std::string(chinese ? other : english);
    };
    ServeFlags flags;
    flags.program = program;
    CLI::App app(pick("Run the server", "启动服务"), program + " serve");
    app.footer(for_program(pick(kEnglishFooter, kChineseFooter), program));
    app.set_help_flag("-h,--help", pick("Show this help and exit", "显示帮助并退出"));
    app.add_option(
           "--listen",
           flags.listen,
           pick("Address to listen on; may be repeated", "监听地址，可以重复")
    )
        ->type_name("HOST:PORT")
        ->default_str("127.0.0.1:11434");
    app.add_option(
           "--grpc-listen",
           flags.grpc_listen,
           pick(
               "Address for gRPC (Weaviate's newer clients), or off",
               "gRPC 监听地址（供新版 Weaviate 客户端使用），off 表示关闭"
           )
    )
        ->type_name("HOST:PORT")
        ->default_str("127.0.0.1:50051");
    app.add_option("--data", flags.data, pick("Data folder", "数据目录"))
        ->type_name("DIR")
        ->default_str("~/.moat");
    app.add_option(
           "--models", flags.models, pick("Models, in Ollama's layout", "模型目录（Ollama 的布局）")
    )
        ->type_name("DIR")
        ->default_str(
            program == "ollama" ? "~/.ollama/models"
                                : pick("models/ in the data folder", "数据目录下的 models/")
        );
    add_access_options(app, flags, pick);
    std::vector<std::string> words(arguments.rbegin(), arguments.rend());  // CLI11 wants them so
    try {
        app.parse(words);
    } catch (const CLI::ParseError& end) {
        if (end.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(end);
        fmt::print(
            stderr, "Error: {} ({} '{} serve --help')\n", end.what(), pick("see", "请看"), program
        );
        return 1;
    }
    return flags;
}

}  // namespace moat::app
