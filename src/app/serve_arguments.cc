#include "app/serve_arguments.h"

#include <CLI/CLI.hpp>

#include "cli/console.h"

namespace moat::app {
namespace {

constexpr const char* kEnglishFooter =
    "Settings are also read from config.toml in the data folder and from the environment\n"
    "(MOAT_* and Ollama's OLLAMA_*); flags win.\n"
    "Examples:\n"
    "  moat serve\n"
    "  moat serve --data /srv/moat --listen 0.0.0.0:11434 --tls-cert cert.pem --tls-key key.pem\n"
    "  moat serve --models ~/.ollama/models          # use the models of an Ollama in place\n";

constexpr const char* kChineseFooter =
    "设置也可以写在数据目录的 config.toml 和环境变量（MOAT_* 以及 Ollama 的 OLLAMA_*）中；"
    "命令行优先。\n"
    "示例：\n"
    "  moat serve\n"
    "  moat serve --data /srv/moat --listen 0.0.0.0:11434 --tls-cert cert.pem --tls-key key.pem\n"
    "  moat serve --models ~/.ollama/models          # 直接使用 Ollama 已有的模型\n";

}  // namespace

std::variant<ServeFlags, int> parse_serve_arguments(const std::vector<std::string>& arguments) {
    const bool chinese = cli::language_from_environment() == cli::Language::chinese;
    const auto pick = [chinese](const char* english, const char* other) {
        return std::string(chinese ? other : english);
    };
    ServeFlags flags;
    CLI::App app(pick("Run the server", "启动服务"), "moat serve");
    app.footer(pick(kEnglishFooter, kChineseFooter));
    app.add_option(
           "--listen",
           flags.listen,
           pick("Address to listen on; may be repeated", "监听地址，可以重复")
    )
        ->type_name("HOST:PORT")
        ->default_str("127.0.0.1:11434");
    app.add_option("--data", flags.data, pick("Data folder", "数据目录"))
        ->type_name("DIR")
        ->default_str("~/.moat");
    app.add_option(
           "--models", flags.models, pick("Models, in Ollama's layout", "模型目录（Ollama 的布局）")
    )
        ->type_name("DIR")
        ->default_str(pick("models/ in the data folder", "数据目录下的 models/"));
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
    std::vector<std::string> words(arguments.rbegin(), arguments.rend());  // CLI11 wants them so
    try {
        app.parse(words);
    } catch (const CLI::ParseError& end) {
        return app.exit(end);
    }
    return flags;
}

}  // namespace moat::app
