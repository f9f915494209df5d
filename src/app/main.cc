#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/curl/curl_client.h"
#include "adapters/llama/quantize_main.h"
#include "adapters/llama/runner_main.h"
#include "app/config.h"
#include "app/parse/parse_main.h"
#include "app/serve.h"
#include "app/version.h"
#include "cli/cli.h"

namespace {

using moat::app::Environment;

// A link, or a copy, of that name makes this program the other one: its words, its defaults.
std::string called_as(const char* path) {
    const std::string name = std::filesystem::path(path != nullptr ? path : "").stem().string();
    return name == "ollama" ? name : "moat";
}

// Ollama's own sentence is what scripts look for.
std::string unreachable(const std::string& program, const std::string& url) {
    if (program == "ollama")
        return "could not connect to ollama server, run 'ollama serve' to start it";
    return "could not connect to a Moat server at " + url + ", run 'moat serve' to start it";
}

int run_command(int argc, char** argv) {
    const std::string program_name = called_as(argv[0]);
    const Environment environment = moat::app::process_environment();
    const auto setting = [&environment](const char* own, const char* ollamas) {
        return environment(own).value_or(environment(ollamas).value_or(""));
    };
    const std::string url = moat::cli::server_url(setting("MOAT_HOST", "OLLAMA_HOST"));
    const std::string api_key = setting("MOAT_API_KEY", "OLLAMA_API_KEY");
    const std::string ca_file = setting("MOAT_CA_FILE", "SSL_CERT_FILE");
    moat::adapters::CurlClient http({
        .base_url = url,
        .api_key = api_key,
        .ca_file = ca_file,
        .unreachable = unreachable(program_name, url),
    });
    const moat::cli::Program program{
        .name = program_name,
        .version = std::string(moat::app::kVersion),
        .ollama_version = std::string(moat::app::kOllamaVersion),
        .url = url,
        .api_key = api_key,
        .connect =
            [ca_file](
                const std::string& other, const std::string& key, const std::string& unreachable
            ) -> std::unique_ptr<moat::cli::HttpClient> {
            return std::make_unique<moat::adapters::CurlClient>(moat::adapters::CurlSettings{
                .base_url = other,
                .api_key = key,
                .ca_file = ca_file,
                .unreachable = unreachable,
            });
        },
        .serve = [&program_name](const std::vector<std::string>& arguments
                 ) { return moat::app::serve(program_name, arguments); },
    };
    return moat::cli::run(argc, argv, program, http, moat::cli::Console::of_this_process());
}

}  // namespace

// One binary: the server's children are itself with another first word.
int main(int argc, char** argv) {
    const std::string_view command = argc > 1 ? argv[1] : "";
    if (command == "runner") return moat::adapters::llama::runner_main(argc - 1, argv + 1);
    if (command == "quantize") return moat::adapters::llama::quantize_main(argc - 1, argv + 1);
    if (command == "parse") return moat::app::parse_main(argc - 1, argv + 1);
    return run_command(argc, argv);
}
